import type { PoolClient } from 'pg';
import { z } from 'zod';
import type { Owner } from '../../access/principals.ts';
import { InvalidInput, NotFound } from '../../errors.ts';
import * as input from '../../ground/input.ts';
import { charactersByName } from '../characters/reads.ts';
import * as limits from './limits.ts';
import { lockedProject, type ProjectServices, touchProject } from './projects.ts';
import { bindingsOf } from './reads.ts';
import type { ProjectRow } from './tables.ts';

const Binding = z.object({
  projectId: limits.id,
  character: limits.characterName,
  role: limits.role.nullish(),
});

/** Lets a character appear in a project; said again, the role is the new one. @throws InvalidInput, NotFound */
export async function bindCharacter(
  { db }: ProjectServices,
  owner: Owner,
  given: z.input<typeof Binding>,
): Promise<ProjectRow> {
  const { projectId, character: named, role } = input.parseInput(Binding, given);
  const [character] = await charactersByName(db, owner, [named]);
  if (!character?.isActive) throw new NotFound('character', `there is no active character "${named}"`);
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, projectId, 'projectId');
    await client.query({
      name: 'bind_character',
      text: `insert into anime_echo_project_bindings (tenant_id, user_id, project, character_name, role)
             values ($1, $2, $3, $4, $5) on conflict (project, character_name) do update set role = excluded.role`,
      values: [owner.tenantId, owner.userId, project.id, character.characterName, role || null],
    });
    const [bound = []] = await bindingsOf({ pool: client }, owner, [project.id]);
    if (bound.length > limits.MAX_CHARACTERS)
      throw new InvalidInput('character', `a project may have at most ${limits.MAX_CHARACTERS} characters`);
    await touchProject(client, owner, project.id);
    return project;
  });
}

/** Takes a character out of a project, and out of its segments. @throws InvalidInput, NotFound */
export async function unbindCharacter(
  { db }: ProjectServices,
  owner: Owner,
  given: Pick<z.input<typeof Binding>, 'projectId' | 'character'>,
): Promise<ProjectRow> {
  const { projectId, character } = input.parseInput(Binding, given);
  return db.transaction(async (client) => {
    const project = await lockedProject(client, owner, projectId, 'projectId');
    const name = await boundName(client, owner, project, character, 'character');
    await client.query({
      name: 'unbind_character',
      text: `delete from anime_echo_project_bindings
             where project = $1 and tenant_id = $2 and user_id = $3 and character_name = $4`,
      values: [project.id, owner.tenantId, owner.userId, name],
    });
    await client.query({
      name: 'unbind_segments',
      text: `update video_segments set character_name = null, updated_at = now()
             where project = $1 and tenant_id = $2 and user_id = $3 and character_name = $4`,
      values: [project.id, owner.tenantId, owner.userId, name],
    });
    await touchProject(client, owner, project.id);
    return project;
  });
}

/** The name of one of the project's characters as it is written there, whatever its case was. @throws NotFound */
export async function boundName(
  client: PoolClient,
  owner: Owner,
  project: ProjectRow,
  named: string,
  field: string,
): Promise<string> {
  const [bound = []] = await bindingsOf({ pool: client }, owner, [project.id]);
  const found =
    bound.find(({ characterName }) => characterName === named) ??
    bound.find(({ characterName }) => characterName.toLowerCase() === named.toLowerCase());
  if (found) return found.characterName;
  throw new NotFound(field, `"${named}" is none of the project's characters; \`bindCharacter\` makes one`);
}
