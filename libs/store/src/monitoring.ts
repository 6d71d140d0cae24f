/** What eventproc writes and api reads, on the pool or within one transaction. */
import type { Kysely } from 'kysely';
import { type AccountingQueries, accountingQueries } from './queries/accounting.ts';
import { type AddressQueries, addressQueries } from './queries/addresses.ts';
import { type AgentQueries, agentQueries } from './queries/agents.ts';
import { type AnswerQueries, answerQueries } from './queries/answers.ts';
import { type BatchLedgerQueries, batchLedgerQueries } from './queries/batch-ledger.ts';
import { type EventQueries, eventQueries } from './queries/events.ts';
import { type FlowQueries, flowQueries } from './queries/flows.ts';
import { type IncidentQueries, incidentQueries } from './queries/incidents.ts';
import type { Database } from './schema.ts';

/** Who locks rows of several of them does so in this order, so that nobody waits for each other for ever. */
export interface MonitoringQueries {
  readonly batchLedger: BatchLedgerQueries;
  readonly incidents: IncidentQueries;
  readonly answers: AnswerQueries;
  readonly events: EventQueries;
  readonly flows: FlowQueries;
  readonly accounting: AccountingQueries;
  readonly agents: AgentQueries;
  readonly addresses: AddressQueries;
}

export const monitoringQueries = (db: Kysely<Database>): MonitoringQueries => ({
  batchLedger: batchLedgerQueries(db),
  incidents: incidentQueries(db),
  answers: answerQueries(db),
  events: eventQueries(db),
  flows: flowQueries(db),
  accounting: accountingQueries(db),
  agents: agentQueries(db),
  addresses: addressQueries(db),
});
