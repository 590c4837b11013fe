'use client'
import { useFormStatus } from 'react-dom'
import { Button, type ButtonProps } from './button.tsx'

/** Sends the form it stands in and shows that it is being sent. */
export function SubmitButton({ variant = 'primary', ...rest }: ButtonProps) {
  const { pending } = useFormStatus()
  return <Button type="submit" variant={variant} {...rest} pending={rest.pending ?? pending} />
}
