import '../graphql/scalars.ts';
import '../graphql/error-types.ts';
import '../domains/conversations/graphql.ts';
import '../domains/characters/graphql.ts';
import '../domains/characters/writing-graphql.ts';
import '../domains/interactions/graphql.ts';
import '../domains/interactions/recording-graphql.ts';
import '../domains/interactions/added-graphql.ts';
import '../domains/interactions/deletions-graphql.ts';
import '../domains/interactions/verify-graphql.ts';
import '../domains/memory/graphql.ts';
import '../domains/query/graphql.ts';
import '../domains/health/graphql.ts';
import '../domains/pressure/graphql.ts';
import '../domains/activity/graphql.ts';
import '../domains/alerts/graphql.ts';
import '../domains/persistence/graphql.ts';
import '../domains/vector-index/graphql.ts';
import '../domains/principals/graphql.ts';
import '../domains/audit/graphql.ts';
import '../domains/settings/graphql.ts';
import '../domains/privacy/graphql.ts';
import '../domains/credentials/graphql.ts';
import { builder } from '../graphql/builder.ts';

/** The whole schema. A domain appears here once its graphql.ts is imported above. */
export const schema = builder.toSchema();
