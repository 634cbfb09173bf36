/** What a Task waits for: the answer to the request, the end of the job it started, or a token sent back. */
export type TaskPattern = "request" | "sync" | "sync:2" | "waitForTaskToken";

/** The actions AWS offers as optimised integrations, by service. */
export const INTEGRATIONS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    apigateway: ["invoke"],
    athena: ["startQueryExecution", "stopQueryExecution", "getQueryExecution", "getQueryResults"],
    batch: ["submitJob"],
    bedrock: ["invokeModel", "createModelCustomizationJob"],
    codebuild: [
      "startBuild",
      "stopBuild",
      "batchDeleteBuilds",
      "batchGetReports",
      "startBuildBatch",
      "stopBuildBatch",
      "retryBuildBatch",
      "deleteBuildBatch",
    ],
    databrew: ["startJobRun"],
    dynamodb: ["getItem", "putItem", "deleteItem", "updateItem"],
    ecs: ["runTask"],
    eks: [
      "createCluster",
      "deleteCluster",
      "createFargateProfile",
      "deleteFargateProfile",
      "createNodegroup",
      "deleteNodegroup",
      "runJob",
      "call",
    ],
    elasticmapreduce: [
      "createCluster",
      "terminateCluster",
      "addStep",
      "cancelStep",
      "setClusterTerminationProtection",
      "modifyInstanceFleetByName",
      "modifyInstanceGroupByName",
    ],
    "emr-containers": ["createVirtualCluster", "deleteVirtualCluster", "startJobRun"],
    "emr-serverless": [
      "createApplication",
      "startApplication",
      "stopApplication",
      "deleteApplication",
      "startJobRun",
      "cancelJobRun",
    ],
    events: ["putEvents"],
    glue: ["startJobRun"],
    http: ["invoke"],
    lambda: ["invoke"],
    mediaconvert: ["createJob"],
    s3: ["getObject", "listObjectsV2", "putObject"],
    sagemaker: [
      "createEndpoint",
      "createEndpointConfig",
      "createHyperParameterTuningJob",
      "createLabelingJob",
      "createModel",
      "createProcessingJob",
      "createTrainingJob",
      "createTransformJob",
      "updateEndpoint",
    ],
    sns: ["publish"],
    sqs: ["sendMessage"],
    states: ["startExecution"],
  }),
);

const CALL: readonly TaskPattern[] = ["request", "waitForTaskToken"];
const JOB: readonly TaskPattern[] = ["request", "sync", "waitForTaskToken"];

/** What this platform itself can do for a Task. */
export const WEFT_INTEGRATIONS: ReadonlyMap<string, readonly TaskPattern[]> = new Map([
  ["llm:chat", CALL],
  ["llm:embed", CALL],
  ["knowledge:search", CALL],
  ["knowledge:answer", CALL],
  ["agent:turn", CALL],
  ["tool:call", CALL],
  ["http:request", CALL],
  ["function:call", CALL],
  ["review:request", CALL],
  ["run:start", JOB],
  ["event:publish", CALL],
]);
