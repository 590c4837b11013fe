/** What Next gives a page; written out, so that type checking needs no generated files. */
export interface RouteProps<Params extends string = never> {
  params: Promise<Record<Params, string>>
  searchParams: Promise<Record<string, string | string[] | undefined>>
}
