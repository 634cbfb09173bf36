import { credentialsFile } from "./credentials.ts";
import { seedDemo } from "./seed.ts";

/** Sets the demo tenant up when it is missing, and answers what `npm start` says of it. A failure costs the demo, never the start. */
export async function prepareDemo(url: string, state: string): Promise<string> {
  try {
    const { email } = await seedDemo(url, state);
    return `${email}, password and API key in ${credentialsFile(state)}`;
  } catch (error) {
    return `not set up: ${error instanceof Error ? error.message : String(error)}`;
  }
}
