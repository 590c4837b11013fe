/**
 * The end of a tool's command line: prints the help, or runs the tool and sets the exit code, which is what it returns, or 2 with the reason when it
 * could not be run.
 *
 * @param print default: standard output
 */
export async function runTool(
  help: string | undefined,
  main: () => Promise<number>,
  print: (text: string) => void = console.log,
): Promise<void> {
  if (help !== undefined) {
    print(help)
    return
  }
  try {
    process.exitCode = await main()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 2
  }
}
