/**
 * The documents of a pod and of the store, by name. A hand-off is written once, by one stage, and chained in `road.jsonl`; state is
 * replaced atomically by its one owner. `file` is relative to the pod, or to the store.
 */
export const documentKinds = {
  Request: { file: 'request.json', in: 'pod', chained: true },
  Images: { file: 'images.json', in: 'pod', chained: true },
  Pod: { file: 'pod.json', in: 'pod', chained: true },
  ImageCopy: { file: 'apps/<app>/image.json', in: 'pod', chained: true, schema: 'ImageRecord' },
  App: { file: 'apps/<app>/app.json', in: 'pod', chained: true },
  RunRequest: { file: 'run-request.json', in: 'pod', chained: true },
  Start: { file: 'start.json', in: 'pod', chained: true },
  Net: { file: 'net.json', in: 'pod', chained: true },
  Run: { file: 'run.json', in: 'pod', chained: true },
  AppRun: { file: 'apps/<app>/run.json', in: 'pod', chained: true },
  Sandbox: { file: 'sandbox.json', in: 'pod', chained: false },
  Stage2State: { file: 'stage2.json', in: 'pod', chained: false },
  AppStatus: { file: 'apps/<app>/status.json', in: 'pod', chained: false },
  RoadLine: { file: 'road.jsonl', in: 'pod', chained: false },
  ImageRecord: { file: 'images/<imageId>.json', in: 'store', chained: false },
  NameRef: { file: 'refs/names/<key>.json', in: 'store', chained: false },
  PodRef: { file: 'refs/pods/<uuid>.json', in: 'store', chained: false },
  Evidence: { file: 'evidence/<imageId>/<n>.json', in: 'store', chained: false },
  FlavorDeclaration: { file: 'flavor.json', in: 'flavor', chained: false },
  GuestPod: { file: 'guest.json', in: 'guest', chained: false },
  GuestManifest: { file: 'manifest.json', in: 'guest', chained: false },
  GuestRequest: { file: 'a line on port rocket.control', in: 'guest', chained: false },
  GuestAnswer: { file: 'a line on port rocket.control', in: 'guest', chained: false },
  GuestEvent: { file: 'a line on port rocket.events', in: 'guest', chained: false },
  ImagePolicy: { file: 'policy.d/<name>.json', in: 'config', chained: false },
  ErrorDocument: { file: 'standard output', in: 'stream', chained: false },
} as const satisfies Record<string, { file: string; in: 'pod' | 'store' | 'flavor' | 'guest' | 'config' | 'stream'; chained: boolean; schema?: string }>

export type DocumentKind = keyof typeof documentKinds
