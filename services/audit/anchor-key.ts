/** Where a tenant's anchors lie among the files, away from the database. Numbers are padded, so that keys sort as they do. */
export function anchorKey(tenantId: string, number: number): string {
  return `${anchorPrefix(tenantId)}${String(number).padStart(8, "0")}.jws`;
}

export function anchorPrefix(tenantId: string): string {
  return `${tenantId}/audit/anchors/`;
}
