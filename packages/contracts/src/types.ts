import type { App } from './app/schema.ts'
import type { AppRun } from './app-run/schema.ts'
import type { AppStatus } from './app-status/schema.ts'
import type { ErrorDocument } from './errors/rocket-error.ts'
import type { Evidence } from './evidence/schema.ts'
import type { FlavorDeclaration } from './flavor/schema.ts'
import type { GuestAnswer } from './guest/guest-answer/schema.ts'
import type { GuestEvent } from './guest/guest-event/schema.ts'
import type { GuestManifest } from './guest/guest-manifest/schema.ts'
import type { GuestPod } from './guest/guest-pod/schema.ts'
import type { GuestRequest } from './guest/guest-request/schema.ts'
import type { ImagePolicy } from './image-policy/schema.ts'
import type { ImageRecord } from './image-record/schema.ts'
import type { Images } from './images/schema.ts'
import type { Net } from './net/schema.ts'
import type { Pod } from './pod/schema.ts'
import type { NameRef, PodRef } from './refs/schema.ts'
import type { Request } from './request/schema.ts'
import type { RoadLine } from './road/schema.ts'
import type { Run } from './run/schema.ts'
import type { RunRequest } from './run-request/schema.ts'
import type { Sandbox } from './sandbox/schema.ts'
import type { Stage2State } from './stage2/schema.ts'
import type { Start } from './start/schema.ts'

export interface DocumentTypes {
  Request: Request
  Images: Images
  Pod: Pod
  ImageCopy: ImageRecord
  App: App
  RunRequest: RunRequest
  Start: Start
  Net: Net
  Run: Run
  AppRun: AppRun
  Sandbox: Sandbox
  Stage2State: Stage2State
  AppStatus: AppStatus
  RoadLine: RoadLine
  ImageRecord: ImageRecord
  NameRef: NameRef
  PodRef: PodRef
  Evidence: Evidence
  FlavorDeclaration: FlavorDeclaration
  GuestPod: GuestPod
  GuestManifest: GuestManifest
  GuestRequest: GuestRequest
  GuestAnswer: GuestAnswer
  GuestEvent: GuestEvent
  ImagePolicy: ImagePolicy
  ErrorDocument: ErrorDocument
}
