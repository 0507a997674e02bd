/** What GraphiQL shows at first: operations that work on a fresh server. */
export const EXAMPLES = `# Put the cursor into an operation and press Ctrl-Enter.

mutation Ask {
  processQuery(input: {
    query: "Tell me about Kai Nakamura"
    conversationId: "demo"
  }) {
    ... on ProcessQuerySuccess {
      durability
      interaction {
        turnId sequence intent confidence modelUsed response
        character { characterName }
      }
      memories { score tier reasons interaction { query } }
    }
    ... on Error { code message }
  }
}

mutation Record {
  recordTurns(input: {
    conversationId: "demo"
    turns: [{
      query: "My sister Ana moved to Lisbon in May."
      response: "Noted."
      idempotencyKey: "ana-lisbon"
    }]
  }) {
    ... on RecordTurnsSuccess {
      durability replayed
      interactions { turnId sequence }
    }
    ... on Error { code message }
  }
}

query Recall {
  memorySearch(query: "Where does Ana live?", limit: 5) {
    tookMs
    hits {
      score tier reasons
      interaction { query timestamp }
    }
  }
}

query History {
  conversation(conversationId: "demo") {
    interactionCount
    interactions(first: 10) {
      nodes { sequence query response modelUsed }
      pageInfo { hasNextPage endCursor }
    }
  }
}

query State {
  health { status checks { name status latencyMs detail } }
}

subscription Watch {
  interactionAdded {
    cursor
    interaction { conversationId query modelUsed }
  }
}

subscription Stream {
  processQueryStream(input: {
    query: "What did I say about Ana?"
    conversationId: "demo"
  }) {
    type
    ... on QueryDelta { text }
    ... on QueryCompleted { result { interaction { turnId } } }
  }
}
`;
