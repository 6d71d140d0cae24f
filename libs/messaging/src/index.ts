export { type Bus, type BusOptions, connectBus } from './bus.ts';
export { type ConsumeOptions, type Consumption, type Delivery, type Handler, Poison, TryLater } from './consume.ts';
export type { DeadLetter } from './dead-letter.ts';
export { BusUnavailable, NoResponder, NotPermitted, RequestTimeout } from './errors.ts';
export type { BusLog } from './link.ts';
export type { Published, PublishOptions } from './publish.ts';
export type { Reply, Serving } from './request.ts';
export type { Sections } from './sections.ts';
export { InvalidMessage } from './wire.ts';
