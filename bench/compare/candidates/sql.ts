/** The statements of peers that are written by hand: those of the server, for the fields that are asked for. */
const FIELDS = 'turn_id as "turnId", sequence, query, response, model_used as "modelUsed", status, timestamp';
const OWNER = `tenant_id = 'default' and user_id = 'default'`;

export const LATEST = `select ${FIELDS} from echo_unified_interactions
  where ${OWNER} and conversation_id = $1 order by timestamp desc, id desc limit 20`;

export const CONVERSATIONS = `select conversation_id as "conversationId", title, created_at as "createdAt"
  from echo_conversations where ${OWNER} order by last_interaction desc, id desc limit 20`;

export const LAST_OF_EACH = `select k.name as "conversationId", i.* from unnest($1::text[]) with ordinality k(name, ordinal)
  cross join lateral (select ${FIELDS} from echo_unified_interactions
    where conversation_id = k.name and ${OWNER} order by sequence desc limit 3) i
  order by k.ordinal, i.sequence`;

export const CHARACTER = `select character_name as "characterName", aliases, creator, source_franchise as "sourceFranchise",
    age, gender, occupation, personality_traits as "personalityTraits", background_story as "backgroundStory", created_at as "createdAt"
  from character_profiles where character_name = $1 and tenant_id = 'default' and (user_id is null or user_id = 'default')`;
