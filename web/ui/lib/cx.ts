import { type ClassValue, clsx } from 'clsx'
import { twMerge } from 'tailwind-merge'

/** Joins class names; of two conflicting Tailwind utilities the later one wins, so callers can override a part's look. */
export const cx = (...classes: ClassValue[]): string => twMerge(clsx(classes))
