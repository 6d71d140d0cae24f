/** gRPC over the runtime's unix socket: loads our .proto once and calls a method by name, always with a deadline. */
import { fileURLToPath } from 'node:url';
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { CriError } from './errors.ts';

const PROTO = fileURLToPath(new URL('../proto/cri.proto', import.meta.url));

type Unary = (
  request: object,
  options: { deadline: number },
  done: (error: Error | null, response: unknown) => void,
) => void;

interface Services {
  readonly RuntimeService: ServiceClientConstructor;
  readonly ImageService: ServiceClientConstructor;
}

let loaded: Services | null = null;

function services(): Services {
  if (loaded === null) {
    // longs as numbers: creation times in nanoseconds lose their last digits, which nobody reads.
    const definition = loadSync(PROTO, { keepCase: false, longs: Number, enums: String, defaults: true, arrays: true });
    const root = loadPackageDefinition(definition) as unknown as { runtime: { v1: Services } };
    loaded = root.runtime.v1;
  }
  return loaded;
}

export interface Transport {
  /** @throws CriError with the runtime's own message. */
  call(service: keyof Services, method: string, request: object, timeoutMs?: number): Promise<unknown>;
  close(): void;
}

/** @param endpoint `unix:///run/containerd/containerd.sock` or a bare socket path. */
export function connect(endpoint: string, defaultTimeoutMs: number): Transport {
  const address = endpoint.includes(':') ? endpoint : `unix://${endpoint}`;
  const options = {
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    // A runtime that restarts must be found again quickly; grpc-js backs off to two minutes by default.
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 1000,
    // Node's unix sockets have no authority; containerd refuses the percent-encoded path that grpc-js would send.
    'grpc.default_authority': 'localhost',
  };
  const { RuntimeService, ImageService } = services();
  const clients: Record<keyof Services, Client> = {
    RuntimeService: new RuntimeService(address, credentials.createInsecure(), options),
    ImageService: new ImageService(address, credentials.createInsecure(), options),
  };
  return {
    call(service, method, request, timeoutMs = defaultTimeoutMs) {
      const client = clients[service] as unknown as Record<string, Unary | undefined>;
      return new Promise((resolve, reject) => {
        const unary = client[method];
        if (unary === undefined) {
          reject(new Error(`the CRI has no method ${service}.${method}`));
          return;
        }
        unary.call(client, request, { deadline: Date.now() + timeoutMs }, (error, response) => {
          if (error !== null) reject(new CriError(method, endpoint, error));
          else resolve(response);
        });
      });
    },
    close() {
      for (const client of Object.values(clients)) client.close();
    },
  };
}
