import type { Result } from './harness.ts';

/** What clients see of a webhook. */
export const WEBHOOK = `webhookId url description events ofTenant state problem cursor waiting dead lastDeliveredAt nextAttemptAt
  deliveries { nodes { deliveryId kind status attempts lastStatus lastError settledAt nextAttemptAt } }`;
const OUTCOME = `... on WebhookSuccess { secret webhook { ${WEBHOOK} } } ... on Error { __typename code message }`;

type Graphql = (query: string, variables?: Record<string, unknown>, user?: string) => Promise<Result>;

/** Calls of webhooks, as clients make them. */
export function webhookCalls(graphql: Graphql) {
  return {
    create: async (input: object, user?: string) =>
      graphql(
        `mutation ($input: WebhookInput!) { createWebhook(input: $input) { ${OUTCOME} } }`,
        { input },
        user,
      ),
    /** @throws Error if it is refused */
    async made(input: object, user?: string) {
      const { data, errors } = await this.create(input, user);
      const made = data?.createWebhook;
      if (!made?.webhook) throw new Error(`no webhook was made: ${JSON.stringify(made ?? errors)}`);
      return { ...made.webhook, secret: made.secret };
    },
    update: async (webhookId: string, input: object, user?: string) =>
      (
        await graphql(
          `mutation ($id: ID!, $input: WebhookChanges!) { updateWebhook(webhookId: $id, input: $input) { ${OUTCOME} } }`,
          { id: webhookId, input },
          user,
        )
      ).data?.updateWebhook,
    remove: async (webhookId: string, user?: string) =>
      (
        await graphql(
          `mutation ($id: ID!) { deleteWebhook(webhookId: $id) { ${OUTCOME} } }`,
          { id: webhookId },
          user,
        )
      ).data?.deleteWebhook,
    see: async (webhookId: string, user?: string) =>
      (await graphql(`query ($id: ID!) { webhook(webhookId: $id) { ${WEBHOOK} } }`, { id: webhookId }, user))
        .data?.webhook,
    try: async (webhookId: string, user?: string) =>
      (
        await graphql(
          `mutation ($id: ID!) { testWebhook(webhookId: $id) {
            ... on TestWebhookSuccess { delivery { kind status attempts lastStatus lastError } } ... on Error { code message } } }`,
          { id: webhookId },
          user,
        )
      ).data?.testWebhook,
    change: async (mutation: 'retryDelivery' | 'discardDelivery', deliveryId: string, user?: string) =>
      (
        await graphql(
          `mutation ($id: ID!) { ${mutation}(deliveryId: $id) {
            ... on DeliverySuccess { delivery { status attempts } } ... on Error { code message } } }`,
          { id: deliveryId },
          user,
        )
      ).data?.[mutation],
  };
}
