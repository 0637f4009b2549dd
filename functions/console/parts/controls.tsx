/** Small parts that many pages use. */
import type { ButtonHTMLAttributes, ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Failure } from '../failure.ts';
import { texts } from '../texts.ts';
import { Icon, type IconName } from './icon.tsx';

/** A button with an icon only; its label is read out and shown as a tip. */
export function IconButton({
  icon,
  label,
  class: more = '',
  ...rest
}: ButtonHTMLAttributes & { icon: IconName; label: string; class?: string }) {
  return (
    <button type="button" class={`icon-button ${more}`} aria-label={label} title={label} {...rest}>
      <Icon name={icon} />
    </button>
  );
}

/** One of a few, side by side. */
export function Choice<T extends string>(props: {
  label: string;
  name: string;
  value: T;
  options: { value: T; label: string; hint?: string; icon?: IconName }[];
  onChange: (value: T) => void;
}) {
  const { label, name, value, options, onChange } = props;
  return (
    <fieldset class="choice">
      <legend class="hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.hint ?? option.label}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          {option.icon === undefined ? (
            <span>{option.label}</span>
          ) : (
            <span>
              <Icon name={option.icon} />
              <span class="hidden">{option.label}</span>
            </span>
          )}
        </label>
      ))}
    </fieldset>
  );
}

/** Copies a text, and says so. */
export function CopyButton({
  text,
  label,
  icon = 'copy',
}: {
  text: () => string;
  label: string;
  icon?: IconName;
}) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await copyText(text());
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <IconButton
      icon={copied ? 'check' : icon}
      label={copied ? texts.copied : label}
      onClick={() => void copy()}
    />
  );
}

/** Browsers have no clipboard on pages that came without TLS from another machine. */
async function copyText(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** What went wrong, and what to do. */
export function Problem({
  failure,
  onRetry,
  children,
}: {
  failure: Failure;
  onRetry?: () => void;
  children?: ComponentChildren;
}) {
  const advice = texts.documents.whatToDo[failure.code];
  return (
    <div class="problem" role="alert">
      <Icon name="alert" />
      <div>
        <p>{failure.message}</p>
        {advice !== undefined && <p class="quiet">{advice}</p>}
        {children}
      </div>
      {onRetry !== undefined && (
        <button type="button" class="button" onClick={onRetry}>
          {texts.tryAgain}
        </button>
      )}
    </div>
  );
}

/** How far something is, 0 to 1; undefined: nobody knows. */
export function Meter({ value, label }: { value: number | undefined; label: string }) {
  if (value === undefined) {
    return (
      <div class="meter unknown" role="progressbar" aria-label={label}>
        <div />
      </div>
    );
  }
  const percent = Math.round(Math.min(1, Math.max(0, value)) * 100);
  return (
    <div
      class="meter"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

export function Loading() {
  return (
    <p class="loading" role="status">
      {texts.loading}
    </p>
  );
}
