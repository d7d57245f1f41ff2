import * as z from 'zod'
import { App } from './app/schema.ts'
import { AppRun } from './app-run/schema.ts'
import { AppStatus } from './app-status/schema.ts'
import type { DocumentKind } from './documents.ts'
import { ErrorDocumentSchema } from './error-document/schema.ts'
import { Evidence } from './evidence/schema.ts'
import { FlavorDeclaration } from './flavor/schema.ts'
import { GuestAnswer } from './guest/guest-answer/schema.ts'
import { GuestEvent } from './guest/guest-event/schema.ts'
import { GuestManifest } from './guest/guest-manifest/schema.ts'
import { GuestPod } from './guest/guest-pod/schema.ts'
import { GuestRequest } from './guest/guest-request/schema.ts'
import { ImagePolicy } from './image-policy/schema.ts'
import { ImageRecord } from './image-record/schema.ts'
import { Images } from './images/schema.ts'
import { Net } from './net/schema.ts'
import { Pod } from './pod/schema.ts'
import { NameRef, PodRef } from './refs/schema.ts'
import { Request } from './request/schema.ts'
import { RoadLine } from './road/schema.ts'
import { Run } from './run/schema.ts'
import { RunRequest } from './run-request/schema.ts'
import { Sandbox } from './sandbox/schema.ts'
import { Stage2State } from './stage2/schema.ts'
import { Start } from './start/schema.ts'

/** The zod schema of every document; the JSON Schemas, the reference pages and the checks of the run path are generated from it. */
export const documents = {
  Request, Images, Pod, ImageCopy: ImageRecord, App, RunRequest, Start, Net, Run, AppRun, Sandbox, Stage2State, AppStatus, RoadLine,
  ImageRecord, NameRef, PodRef, Evidence, FlavorDeclaration,
  GuestPod, GuestManifest, GuestRequest, GuestAnswer, GuestEvent, ImagePolicy, ErrorDocument: ErrorDocumentSchema,
} satisfies Record<DocumentKind, z.ZodType>

export { AuthConfig, DockerAuthConfig, PathsConfig, StagesConfig } from './config/schema.ts'
export { RegistriesConfig } from './config/registries/schema.ts'
export { parseImageManifest, parsePodManifest } from './appc/parse.ts'
export { ImageManifest } from './appc/image-manifest/schema.ts'
export { PodManifest } from './appc/pod-manifest/schema.ts'
export { OciImageConfig } from './oci/image-config/schema.ts'
export { OciIndex } from './oci/index/schema.ts'
export { OciManifest } from './oci/manifest/schema.ts'
export { OciRuntimeConfig } from './oci/runtime-config/schema.ts'
