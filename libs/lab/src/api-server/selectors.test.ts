import { describe, expect, it } from 'vitest';
import { parseSelector } from './selectors.ts';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web-1', namespace: 'shop', labels: { app: 'web', tier: 'front' } },
  spec: { nodeName: 'node-1' },
};

describe('a label selector', () => {
  it.each([
    ['app=web', true],
    ['app==web', true],
    ['app!=web', false],
    ['other!=web', true],
    ['app', true],
    ['!app', false],
    ['!other', true],
    ['app in (web, api)', true],
    ['app in (api)', false],
    ['app notin (api),tier=front', true],
    ['app in (web,api),tier=back', false],
    ['', true],
  ])('%s: %s', (text, expected) => {
    expect(parseSelector(text, null)(pod)).toBe(expected);
  });
  it('that does not parse is a bad request', () => {
    expect(() => parseSelector('app in web', null)).toThrow('unable to parse requirement');
  });
});

describe('a field selector', () => {
  it.each([
    ['metadata.name=web-1', true],
    ['metadata.namespace!=shop', false],
    ['spec.nodeName=node-1,metadata.namespace=shop', true],
    ['spec.nodeName=node-2', false],
  ])('%s: %s', (text, expected) => {
    expect(parseSelector(null, text)(pod)).toBe(expected);
  });
  it('of a field that is not served is a bad request', () => {
    expect(() => parseSelector(null, 'spec.foo=1')).toThrow('field label not supported: spec.foo');
  });
});
