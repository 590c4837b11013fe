/** How far a long piece of work is, in words and as a bar. `percent` null: under way, no measure yet. */
export function Progress({ label, percent }: { label: string; percent: number | null }) {
  return (
    <div>
      <p className="tabular mb-1 flex justify-between gap-4 text-sm">
        <span>{label}</span>
        {percent !== null && <span>{Math.round(percent)} %</span>}
      </p>
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent ?? undefined}
        className="h-2 overflow-hidden rounded-full bg-sunken"
      >
        <div
          className={percent === null ? 'h-full w-1/3 animate-pulse-slow bg-accent' : 'h-full bg-accent'}
          style={percent === null ? undefined : { width: `${Math.max(2, percent)}%` }}
        />
      </div>
    </div>
  )
}
