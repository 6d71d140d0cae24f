/** Where runtimes put their sockets, in the order in which kubeadm looks for them. */
export const knownEndpoints = [
  'unix:///run/containerd/containerd.sock',
  'unix:///run/crio/crio.sock',
  'unix:///run/cri-dockerd.sock',
] as const;
