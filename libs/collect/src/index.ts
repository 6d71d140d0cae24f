/** The pipe to the native helper that reads network namespaces. */
export { encodeRequest, type Frame, FrameReader } from './frames.ts';
export {
  type CollectOperation,
  type FlowFilter,
  type Helper,
  HelperError,
  type HelperLog,
  type HelperSection,
  startHelper,
} from './helper.ts';
export { sectionDigest } from './section-digest.ts';
