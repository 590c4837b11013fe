/**
 * A text that a spreadsheet would read as a formula gets an apostrophe in front of the sign: a guest's name must not
 * become a command on the clerk's machine (CWE-1236). East Asian editions take the full-width signs as well; blanks and
 * invisible letters before the sign do not hide it; and where the list separator is another one (`;` where numbers have a
 * comma), a cell begins in the middle of this one. Only CSV needs it: a cell of an Excel file says that it is text.
 */
export const disarmed = (text: string): string =>
  text.replace(/(^|[,;|\t\r\n"])([\s\p{Cf}]*)(?=[=+\-@＝＋－＠])/gu, "$1$2'")

/** RFC 4180 with a byte order mark, without which Excel takes the letters for another code page. */
export function toCsv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number): string =>
    typeof value === 'number' ? String(value) : `"${disarmed(value).replaceAll('"', '""')}"`
  return `\ufeff${rows.map(row => row.map(cell).join(',')).join('\r\n')}\r\n`
}
