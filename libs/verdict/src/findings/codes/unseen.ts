/** What could not be seen. */
import type { CodeEntries } from './entry.ts';

export const UNSEEN = {
  'NV-NODE-UNREADABLE': {
    severity: 'suspicious',
    title: { en: 'A node on the path could not be read', zh: '路径上的某个节点无法读取' },
    text: {
      en: 'The path goes through {node}, whose state could not be read: {reason}.',
      zh: '路径经过 {node},但无法读取它的状态:{reason}。',
    },
    params: ['node', 'reason'],
  },
  'NV-NOT-COLLECTED': {
    severity: 'suspicious',
    title: { en: 'Part of the path was not read', zh: '路径的一部分没有读取' },
    text: {
      en: 'The path goes on to {place}, which was not read.',
      zh: '路径继续通往 {place},但没有读取它的状态。',
    },
    params: ['place'],
  },
  'NV-UNKNOWN-DECIDES': {
    severity: 'suspicious',
    title: { en: 'Something that is not known decides', zh: '结果取决于未知的信息' },
    text: {
      en: 'Whether the packets pass {where} cannot be told: {what}.',
      zh: '无法判断数据包能否通过 {where}:{whatZh}。',
    },
    params: ['where', 'what', 'whatZh'],
  },
  'NV-UNEXAMINED': {
    severity: 'info',
    title: { en: 'Not every way was examined', zh: '并非所有路径都已检查' },
    text: {
      en: '{percent} % of the ways that the connection can take were not examined.',
      zh: '连接可能走的路径中有 {percent} % 没有检查。',
    },
    params: ['percent'],
  },
} as const satisfies CodeEntries;
