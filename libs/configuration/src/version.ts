/** Of all of Netverdict: its parts are released together. A test compares it with package.json. */
export const VERSION = '0.1.0';
