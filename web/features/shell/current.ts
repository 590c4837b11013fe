/** Whether `pathname` belongs to the item: the home page only by itself, the others with all below them. */
export const isCurrent = (item: { href: string }, pathname: string): boolean =>
  item.href === '/' ? pathname === '/' : pathname === item.href || pathname.startsWith(`${item.href}/`)
