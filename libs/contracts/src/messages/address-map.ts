/** Who has which address in a cluster, since when and until when: so that events name both their ends, late ones too. */
import Type, { type Static } from 'typebox';

export const AddressEntry = Type.Object({
  address: Type.String({ minLength: 2, maxLength: 64 }),
  kind: Type.Union([Type.Literal('pod'), Type.Literal('service'), Type.Literal('node')]),
  /** '' for nodes. */
  namespace: Type.String({ maxLength: 253 }),
  name: Type.String({ minLength: 1, maxLength: 253 }),
  /** Of a pod: `deployment/shop/cart`; null: nothing owns it. */
  workload: Type.Union([Type.String({ maxLength: 600 }), Type.Null()]),
  /** Where a pod runs. */
  node: Type.Union([Type.String({ maxLength: 253 }), Type.Null()]),
  since: Type.String({ format: 'date-time' }),
  /** null: it has it still. */
  until: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
});
export type AddressEntry = Static<typeof AddressEntry>;

/** Some entries: what has changed, and now and then all of them. The same again changes nothing. */
export const AddressMap = Type.Object({ entries: Type.Array(AddressEntry, { maxItems: 1000 }) });
export type AddressMap = Static<typeof AddressMap>;
