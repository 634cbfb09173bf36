import type { Section } from "./section.ts";

/** AWS: a label becomes part of an ARN. */
const MAX_LABEL_LENGTH = 40;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are among the forbidden ones
const FORBIDDEN_IN_LABEL = /[\s?*<>{}[\]:;,\\|^~$#%&`"\u0000-\u001f\u007f-\u009f]/;

/** A Map's Label, or null where it is absent or wrong. */
export function checkLabel(section: Section): string | null {
  const label = section.text("Label");
  if (label === null) return null;
  if (label === "") section.error("Label", "Label cannot be empty");
  else if (label.length > MAX_LABEL_LENGTH)
    section.error("Label", `Label cannot exceed ${MAX_LABEL_LENGTH} characters`);
  else if (FORBIDDEN_IN_LABEL.test(label)) section.error("Label", `Label ${label} contains invalid characters`);
  return label;
}
