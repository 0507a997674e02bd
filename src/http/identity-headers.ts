/**
 * What programs call the user and the conversation of a request, beside our own names: the door for them reads these, in this order, and
 * pages in a browser may send them.
 */
/** Open WebUI's own name of a chat. */
export const WEBUI_CHAT = 'x-openwebui-chat-id';
export const USERS_OF_OTHERS = ['x-openwebui-user-id', 'x-sm-user-id', 'x-user-id'];
export const CONVERSATIONS_OF_OTHERS = [
  ...[WEBUI_CHAT, 'x-sm-conversation-id', 'x-conversation-id', 'x-chat-id', 'x-session-id'],
  // Of Codex.
  ...['session-id', 'session_id'],
];
/** Signs who uses an Open WebUI; its default name. */
export const SIGNED_USER = 'x-openwebui-user-jwt';
