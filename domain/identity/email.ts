import * as z from "zod";

/** An address as a login name: lower-case, since nobody tells two people apart by case. */
export const Email = z.email().max(254).toLowerCase().meta({ example: "ada@example.com" });
