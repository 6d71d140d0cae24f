import { describe, expect, it } from 'vitest';
import { parseDestination, parseSource } from './endpoint.ts';

describe('--from', () => {
  it.each([
    ['shop/cart-6f9', { pod: 'shop/cart-6f9' }],
    ['pod/shop/cart-6f9', { pod: 'shop/cart-6f9' }],
    ['deploy/shop/cart', { workload: 'deployment/shop/cart' }],
    ['node/node-1', { node: 'node-1' }],
    ['10.244.1.7', { ip: '10.244.1.7' }],
    ['fd00::7', { ip: 'fd00::7' }],
  ])('%s', (text, source) => {
    expect(parseSource(text)).toEqual({ ok: true, value: source });
  });

  it.each(['', 'cart', 'a/b/c/d', 'shop/', 'svc/shop/payments'])('"%s" is refused with what would be right', (text) => {
    const parsed = parseSource(text);
    expect(parsed.ok).toBe(false);
    if (!parsed.ok) expect(parsed.error).toMatch(/Write .*node\/node-1|Name a pod/);
  });
});

describe('--to', () => {
  it.each([
    ['svc/shop/payments:80', { service: 'shop/payments', port: 80 }],
    ['svc/shop/payments:http', { service: 'shop/payments', port: 'http' }],
    ['shop/cart:8080', { pod: 'shop/cart', port: 8080 }],
    ['node/node-1:30080', { node: 'node-1', port: 30080 }],
    ['10.0.0.1:80', { ip: '10.0.0.1', port: 80 }],
    ['[fd00::1]:80', { ip: 'fd00::1', port: 80 }],
    ['payments.shop:80', { name: 'payments.shop', port: 80 }],
  ])('%s', (text, destination) => {
    expect(parseDestination(text, 'tcp')).toEqual({ ok: true, value: destination });
  });

  it('needs no port for icmp, and takes none', () => {
    expect(parseDestination('fd00::1', 'icmp')).toEqual({ ok: true, value: { ip: 'fd00::1' } });
    expect(parseDestination('10.0.0.1:80', 'icmp').ok).toBe(false);
  });

  it.each([
    ['svc/shop/payments', /has no port/],
    ['svc/payments:80', /lacks the namespace: write svc\/default\/payments:80/],
    ['svc/shop/payments:0', /port 0 is not between 1 and 65535/],
    ['svc/shop/payments:70000', /port 70000/],
    ['a/b/c/d:80', /is not understood/],
  ])('%s is refused: %s', (text, message) => {
    const parsed = parseDestination(text, 'tcp');
    expect(parsed.ok ? '' : parsed.error).toMatch(message);
  });
});
