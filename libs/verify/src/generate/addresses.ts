/** The addresses of a generated world: small, so that rules and packets meet. */

/** Subnet `n` of a world: 10.n.0.0/24 and fd00:n::/64. */
export const v4 = (subnet: number, host: number): string => `10.${subnet}.0.${host}`;
export const v6 = (subnet: number, host: number): string => `fd00:${subnet.toString(16)}::${host.toString(16)}`;
export const subnet4 = (subnet: number): string => `10.${subnet}.0.0/24`;
export const subnet6 = (subnet: number): string => `fd00:${subnet.toString(16)}::/64`;
export const address = (family: 'ipv4' | 'ipv6', subnet: number, host: number): string =>
  family === 'ipv4' ? v4(subnet, host) : v6(subnet, host);

/** Ports that listeners, rules and flows draw from. */
export const PORTS = [80, 443, 1024, 5353, 8080, 30080] as const;
export const FAMILIES = ['ipv4', 'ipv6'] as const;
