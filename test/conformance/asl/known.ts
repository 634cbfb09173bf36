/** Cases that do not pass, with the reason; a case listed here that passes is an error, too. */
export const KNOWN: Readonly<Record<string, string>> = {
  "validator/invalid-json-surround-syntax-extra-spaces":
    "judged by a linter, not by AWS: it wants no line break after `{%`; JSONata allows any white space",
  "validator/valid-task-intrisic-function":
    "judged by a linter, not by AWS: its Resource is a CloudFormation object (`Fn::GetAtt`), which a template resolves before Step Functions sees it",
};
