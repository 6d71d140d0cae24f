/** Leaves out of a text every word that is not known to be in sight. Pure. */
import { REDACTED } from '@netverdict/verdict';
import { canonical, canonicalPrefix, type Sight } from './sight.ts';
import { COMMENTS, SHARED_DEVICE, VOCABULARY } from './words.ts';

const WORD = /[^\s,;()[\]{}"'`<>=|→⑂…·]+/gu;
/** Between Chinese characters words stand without spaces. */
const WORD_IN_CHINESE = /[^\s,;()[\]{}"'`<>=|→⑂…·\p{Script=Han}\u3000-\u303f\uff00-\uffef]+/gu;
const NUMBER = /^[-+]?\d{1,5}(\.\d+)?(:\d{1,5}|%)?$/;
const MARK = /^0x[0-9a-f]{1,8}(\/0x[0-9a-f]{1,8})?$/i;
const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
const PORT = /^(tcp|udp|icmp|sctp)\/\d{1,5}$/;
const LABEL = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const NAMESPACED = new RegExp(`^(?:([a-z]+)/)?(${LABEL})/(${LABEL}(?:\\.${LABEL})*)(?::[a-z0-9-]{1,63})?$`);
const POD_PLACE = /^([^/]+)\/pod\/([^/]+)\/([^/]+)$/;
const COMMENT = /\b(comment )("(?:[^"\\]|\\.)*"|\S+)/g;

/** Place of a pod in sight (`node-1/pod/shop/cart`), or of a node. */
export function placeInSight(place: string, sight: Sight): boolean {
  if (place === 'wire' || place === 'outside') return true;
  const pod = POD_PLACE.exec(place);
  if (pod) return sight.namespaces.has(pod[2] ?? '');
  return place.endsWith('/host') && sight.nodes.has(place.slice(0, -'/host'.length));
}

function nameInSight(word: string, sight: Sight): boolean {
  const base = word.replace(/:[a-z0-9-]{1,63}$/, '');
  if (sight.asked.has(word) || sight.asked.has(base)) return true;
  const name = NAMESPACED.exec(word);
  return name !== null && sight.namespaces.has(name[2] ?? '');
}

function addressInSight(word: string, sight: Sight): boolean {
  const bare = /^\[(.+)\](?::\d+)?$/.exec(word)?.[1] ?? /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(word)?.[1] ?? word;
  const address = canonical(bare.replace(/\/(32|128)$/, ''));
  if (address !== null) return sight.addresses.has(address);
  const prefix = canonicalPrefix(bare);
  return prefix !== null && sight.prefixes.has(prefix);
}

const wordInSight = (word: string, sight: Sight): boolean =>
  VOCABULARY.has(word) ||
  NUMBER.test(word) ||
  MARK.test(word) ||
  INSTANT.test(word) ||
  PORT.test(word) ||
  SHARED_DEVICE.test(word) ||
  sight.nodes.has(word) ||
  sight.chains.has(word) ||
  placeInSight(word, sight) ||
  nameInSight(word, sight) ||
  addressInSight(word, sight);

/** No letter and no digit: it says nothing. */
const MUTE = /^[^\p{L}\p{N}]*$/u;

function filter(text: string, words: RegExp, sight: Sight): string {
  const filtered = text.replace(words, (word) => {
    if (MUTE.test(word) || wordInSight(word, sight)) return word;
    const core = word.replace(/^[:.!?]+|[:.!?]+$/g, '');
    const [before = '', after = ''] = core === '' ? [] : word.split(core, 2);
    return MUTE.test(core) || wordInSight(core, sight) ? word : `${before}${REDACTED}${after}`;
  });
  return filtered.replaceAll(/\[redacted\](?:\s+\[redacted\])+/g, REDACTED);
}

/** Whoever wrote the rule wrote its comment: it may say anything, so that all of it must be known. */
export function redactComment(comment: string, sight: Sight): string {
  const [first = ''] = comment.split(' ', 1);
  if (COMMENTS.has(comment) || comment === REDACTED) return comment;
  return nameInSight(first, sight) && filter(comment, WORD, sight) === comment ? comment : REDACTED;
}

export function redactText(text: string, sight: Sight): string {
  const plain = text.replaceAll(COMMENT, (_, option: string, comment: string) => {
    const bare = comment.replace(/^"|"$/g, '');
    return `${option}${redactComment(bare, sight) === bare ? comment : REDACTED}`;
  });
  return filter(plain, WORD, sight);
}

/** Our own sentences in Chinese, in which names and addresses are written in Latin letters. */
export const redactChinese = (text: string, sight: Sight): string => filter(text, WORD_IN_CHINESE, sight);

export function redactBoth<T extends { readonly en: string; readonly zh: string }>(text: T, sight: Sight): T {
  const en = redactText(text.en, sight);
  // Both say the same.
  return en === text.en ? text : { ...text, en, zh: redactChinese(text.zh, sight) };
}

/** Every string in it; numbers and names of fields stay. */
export function redactAll<T>(value: T, sight: Sight): T;
export function redactAll(value: unknown, sight: Sight): unknown {
  if (typeof value === 'string') return redactText(value, sight);
  if (Array.isArray(value)) return value.map((item: unknown) => redactAll(item, sight));
  if (typeof value !== 'object' || value === null) return value;
  if ('en' in value && 'zh' in value && typeof value.en === 'string' && typeof value.zh === 'string')
    return { ...redactRecord(value, sight), ...redactBoth({ en: value.en, zh: value.zh }, sight) };
  return redactRecord(value, sight);
}

const redactRecord = (value: object, sight: Sight): object =>
  Object.fromEntries(Object.entries<unknown>({ ...value }).map(([key, item]) => [key, redactAll(item, sight)]));
