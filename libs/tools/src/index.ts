export { AttemptFailed, type Candidate, type NextCandidate } from './attempt-failed.js';
export { AttemptPostponed, type AwaitedEvent } from './attempt-postponed.js';
export { clinkFileSchema } from './clink/clink-file.schema.js';
export { clinkTool } from './definitions/clink.tool.js';
export {
  type AnswerCaller,
  type Fields,
  type InlineTool,
  type ParsedArguments,
  type SimpleTool,
  type ToolAnnotations,
  type ToolAnswer,
  type ToolDefinition,
  type ToolKind,
  type ToolTier,
  type UtilityContext,
  type UtilityTool,
  defineInlineTool,
  defineUtilityTool,
} from './define.js';
export { TOOLS } from './definitions/index.js';
export { ADDED_TOOLS, ExtensionModule, type ToolExtension } from './extension.js';
export { InputNeeded } from './input-needed.js';
export { InlineToolRunner } from './inline/inline-tool-runner.js';
export {
  CallerRecords,
  type CallOutcome,
  type CallRange,
  type CallRecord,
  type RecordOwner,
  type ThreadReport,
  type ThreadSummary,
} from './inline/caller-records.js';
export {
  type CapabilitiesReport,
  type CircuitReport,
  type DoctorCheck,
  type ModelReport,
  type ModelsFilter,
  type ModelsReport,
  type PayloadReport,
  type PayloadWish,
  type ProviderHealth,
  type ProviderReport,
  type ProviderState,
  type QueueReport,
  type RecentError,
  type StatusOptions,
  type StatusReport,
  SystemView,
  type VersionReport,
} from './inline/system-view.js';
export { type KeptPlace, ProviderPlaces } from './asking/provider-places.js';
export { type CostEstimate, type Settlement, type Spending } from './asking/spending.js';
export {
  type CompiledTool,
  type InputIssue,
  type JsonSchema,
  type ListedTool,
  type ParseResult,
  ToolCatalog,
} from './tool-catalog.js';
export { ToolRunner } from './tool-runner.js';
export {
  type AttemptContext,
  type CallInput,
  type CallPrincipal,
  type CallProgress,
  type ContentBlock,
  type FailedCandidate,
  type InputKind,
  type InputRequest,
  type InputRequests,
  type InputResponses,
  type LogLevel,
  type Member,
  type MemberCalls,
  type MemberQuestion,
  type PayloadMetadata,
  type TokenUsage,
  type ToolCall,
  type ToolOutcome,
  type ToolPayload,
} from './tool.js';
export { ToolCatalogModule, ToolEnginesModule } from './tools.module.js';
