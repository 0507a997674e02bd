import { DeleteConversation, DeleteTurn } from '../../operations.ts';
import { ask } from '../../server/ask.ts';
import { succeeded } from '../../server/problem.ts';
import { may } from '../../server/session.ts';
import { ConfirmButton } from '../../view/confirm.tsx';
import { useAct } from '../../view/saying.tsx';
import { counted } from '../../view/words.ts';

/**
 * Deletes a turn for good; not there for those who may not.
 *
 * @param number its place in the conversation, where that is shown
 * @param gone called when it is not there any more, also because somebody else was faster
 */
export function DeleteTurnButton({ turnId, query, number = null, gone }: TurnParts) {
  const { isBusy, act } = useAct();
  if (!may('WRITE')) return null;
  const remove = () =>
    act(async () => {
      const { deleteInteraction } = await ask(DeleteTurn, { turnId });
      if (deleteInteraction.__typename === 'NotFoundError') gone();
      succeeded(deleteInteraction);
      gone();
      return 'The turn is deleted.';
    });
  return (
    <ConfirmButton
      label="Delete"
      name={`Delete ${number === null ? `“${query.slice(0, MOST_OF_NAME)}”` : `turn ${number}`}`}
      title="Delete this turn?"
      kind="bare"
      isBusy={isBusy}
      onConfirm={remove}
    >
      <blockquote class="clip">{query}</blockquote>
      <p>
        What was said and answered goes for good, with all that was learned from this turn alone. This cannot
        be undone.
      </p>
    </ConfirmButton>
  );
}
interface TurnParts {
  readonly turnId: string;
  readonly query: string;
  readonly number?: number | null;
  readonly gone: () => void;
}

/** So much of what was said names the button that deletes it. */
const MOST_OF_NAME = 60;

/**
 * Deletes a conversation with its turns for good; not there for those who may not.
 *
 * @param gone called when it is not there any more, also because somebody else was faster
 */
export function DeleteConversationButton({ line, kind = 'danger', gone }: ConversationParts) {
  const { conversationId, userId, title, interactionCount } = line;
  const { isBusy, act } = useAct();
  if (!may('WRITE')) return null;
  const name = title ?? conversationId;
  const remove = () =>
    act(async () => {
      const { deleteConversation } = await ask(DeleteConversation, { conversationId, userId });
      if (deleteConversation.__typename === 'NotFoundError') gone();
      const { deletedInteractions } = succeeded(deleteConversation);
      gone();
      return `${name} is deleted, with ${counted(deletedInteractions, 'turn')}.`;
    });
  return (
    <ConfirmButton
      label="Delete"
      name={`Delete ${name}`}
      title={`Delete ${name}?`}
      kind={kind}
      isBusy={isBusy}
      onConfirm={remove}
    >
      What goes for good: {counted(interactionCount, 'turn')} of {userId}, and all that was learned from this
      conversation alone. This cannot be undone; export first if it may be wanted again.
    </ConfirmButton>
  );
}
interface ConversationParts {
  readonly line: {
    readonly conversationId: string;
    readonly userId: string;
    readonly title: string | null;
    readonly interactionCount: number;
  };
  readonly kind?: 'danger' | 'bare';
  readonly gone: () => void;
}
