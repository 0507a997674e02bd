const TIME_WORDS =
  /\b(yesterday|today|tomorrow|tonight|ago|last|next|weeks?|weekend|months?|years?|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|november|december|morning|evening|recently|since|(19|20)\d\d)\b/iu;

/** Whether a query asks when something was. */
export function asksWhen(query: string): boolean {
  return /\bwhen\b|\b(what|which) (date|day|month|year|time)\b/iu.test(query);
}

/** Whether a text says when. */
export function saysWhen(text: string): boolean {
  return TIME_WORDS.test(text);
}
