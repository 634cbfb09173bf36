import type { Action } from "./action.ts";
import { createActivity, deleteActivity, describeActivity, getActivityTask, listActivities } from "./activities.ts";
import {
  createStateMachineAlias,
  deleteStateMachineAlias,
  describeStateMachineAlias,
  listStateMachineAliases,
  updateStateMachineAlias,
} from "./aliases.ts";
import { testState, validateStateMachineDefinition } from "./definitions.ts";
import {
  describeExecution,
  describeStateMachineForExecution,
  redriveExecution,
  startExecution,
  startSyncExecution,
  stopExecution,
} from "./executions.ts";
import { getExecutionHistory } from "./history.ts";
import { listExecutions } from "./list-executions.ts";
import { describeMapRun, listMapRuns, updateMapRun } from "./map-runs.ts";
import {
  createStateMachine,
  deleteStateMachine,
  describeStateMachine,
  listStateMachines,
  updateStateMachine,
} from "./state-machines.ts";
import { listTagsForResource, tagResource, untagResource } from "./tags.ts";
import { sendTaskFailure, sendTaskHeartbeat, sendTaskSuccess } from "./task-tokens.ts";
import { deleteStateMachineVersion, listStateMachineVersions, publishStateMachineVersion } from "./versions.ts";

/** Every action, by the name that stands behind the dot of `X-Amz-Target`. */
export const ACTIONS: ReadonlyMap<string, Action> = new Map(
  Object.entries({
    CreateStateMachine: createStateMachine,
    UpdateStateMachine: updateStateMachine,
    DeleteStateMachine: deleteStateMachine,
    DescribeStateMachine: describeStateMachine,
    ListStateMachines: listStateMachines,
    PublishStateMachineVersion: publishStateMachineVersion,
    ListStateMachineVersions: listStateMachineVersions,
    DeleteStateMachineVersion: deleteStateMachineVersion,
    CreateStateMachineAlias: createStateMachineAlias,
    UpdateStateMachineAlias: updateStateMachineAlias,
    DescribeStateMachineAlias: describeStateMachineAlias,
    ListStateMachineAliases: listStateMachineAliases,
    DeleteStateMachineAlias: deleteStateMachineAlias,
    ValidateStateMachineDefinition: validateStateMachineDefinition,
    TestState: testState,
    StartExecution: startExecution,
    StartSyncExecution: startSyncExecution,
    StopExecution: stopExecution,
    DescribeExecution: describeExecution,
    DescribeStateMachineForExecution: describeStateMachineForExecution,
    ListExecutions: listExecutions,
    GetExecutionHistory: getExecutionHistory,
    RedriveExecution: redriveExecution,
    CreateActivity: createActivity,
    DeleteActivity: deleteActivity,
    DescribeActivity: describeActivity,
    ListActivities: listActivities,
    GetActivityTask: getActivityTask,
    SendTaskSuccess: sendTaskSuccess,
    SendTaskFailure: sendTaskFailure,
    SendTaskHeartbeat: sendTaskHeartbeat,
    ListMapRuns: listMapRuns,
    DescribeMapRun: describeMapRun,
    UpdateMapRun: updateMapRun,
    TagResource: tagResource,
    UntagResource: untagResource,
    ListTagsForResource: listTagsForResource,
  }),
);
