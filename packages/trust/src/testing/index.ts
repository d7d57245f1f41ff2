export { hasCode, makeSigner, missingGpg, type SignOptions as GpgSignOptions, type TestSigner } from './gpg.ts'
export {
  type CosignLayer, makeWorld, newKeys, pem, signBundleWithKey, type SigstoreWorld, signWithKey, someone,
} from './sigstore-world.ts'
