/** The kubeconfig that kubectl and Netverdict are given: JSON, which is YAML too. */

export function kubeconfigText(server: { url: string; token: string; ca: string }, name: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: { server: server.url, 'certificate-authority-data': Buffer.from(server.ca).toString('base64') },
      },
    ],
    users: [{ name, user: { token: server.token } }],
    contexts: [{ name, context: { cluster: name, user: name, namespace: 'default' } }],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
