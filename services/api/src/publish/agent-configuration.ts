/** Publishes agent-configuration to one node. Not stored: the next heartbeat shows whether it was heard. */
import { randomUUID } from 'node:crypto';
import type { AgentConfiguration } from '@netverdict/contracts';
import type { Bus } from '@netverdict/messaging';

export const publishAgentConfiguration =
  (bus: () => Pick<Bus, 'publishCore'> | null) =>
  async (cluster: string, node: string, configuration: AgentConfiguration): Promise<void> => {
    await bus()?.publishCore('agent-configuration', cluster, configuration, { id: randomUUID(), node });
  };
