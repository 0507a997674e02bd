import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AXE, CHROMIUM, faultsOf, startBrowser } from './support/browser.ts';
import { type Course, startComfyUi } from './support/comfyui-server.ts';
import { temporaryFolder } from './support/folders.ts';
import { startTestApp, type TestApp } from './support/harness.ts';
import { picture } from './support/media-folders.ts';
import { untilTask } from './support/tasks.ts';

describe.skipIf(!CHROMIUM)(
  'pictures, projects and evaluations in Chromium (left out where none is installed)',
  () => {
    let browser: Browser;
    let app: TestApp;
    let comfy: Awaited<ReturnType<typeof startComfyUi>>;
    let page: Page;
    const next: Course[] = [];
    beforeAll(async () => {
      const bytes = await picture(1, 'png');
      const workflows = temporaryFolder('studio');
      await writeFile(join(workflows, 'strange.json'), '{"1":{"class_type":"NoSuchNode","inputs":{}}}');
      comfy = await startComfyUi(() => next.shift() ?? { kind: 'picture', bytes });
      [browser, app] = await Promise.all([
        startBrowser(),
        startTestApp({ env: { COMFYUI_URL: comfy.url, COMFYUI_WORKFLOWS: workflows } }),
      ]);
      page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
      page.setDefaultTimeout(60_000);
      await page.addInitScript({ path: AXE });
    });
    afterAll(async () => {
      await browser?.close();
      await app?.close();
      await comfy?.close();
    });

    const open = (path: string) => page.goto(`${app.url}/dashboard/${path}`);
    /** Sends a mutation of one field. @returns what it gave */
    async function change(field: string, type: string, input: object, shown: string) {
      const { data, errors } = await app.graphql(
        `mutation ($input: ${type}!) { made: ${field}(input: $input) { ${shown} ... on Error { message } } }`,
        { input },
      );
      expect(errors ?? data.made.message).toBeUndefined();
      return data.made;
    }
    const draw = async (prompt: string, workflow?: string): Promise<string> =>
      (
        await change(
          'generateImage',
          'GenerateImageInput',
          { prompt, workflow },
          '... on CreateTaskSuccess { task { taskId } }',
        )
      ).task.taskId;

    test('a picture that is asked for elsewhere appears, is drawn, and is told of; one that fails says why', async () => {
      await open('studio');
      await page.getByText('Nothing was drawn yet.').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      const until = Promise.withResolvers<void>();
      next.push({ kind: 'picture', bytes: await picture(2, 'png'), until: until.promise });
      // That it is drawn is written a second after the task has begun, when the page has asked for it already.
      await app.sql(`create function dally() returns trigger language plpgsql as
        $$ begin if old.started_at is null then perform pg_sleep(1); end if; return new; end $$`);
      await app.sql(
        'create trigger dally before update on anime_generation_history for each row execute function dally()',
      );
      const taskId = await draw('a lighthouse in the rain');
      await page.getByText('a lighthouse in the rain').waitFor();
      await page.getByText('drawing', { exact: true }).waitFor();
      until.resolve();
      await page.getByText('drawn', { exact: true }).waitFor();
      await untilTask(app, await draw('a storm that breaks it', 'strange'), 'FAILED');
      await page.getByText('failed', { exact: true }).waitFor();
      await expect
        .poll(() =>
          page
            .locator('.thumbnail img')
            .first()
            .evaluate((img) => (img as HTMLImageElement).naturalWidth),
        )
        .toBeGreaterThan(0);
      expect(await faultsOf(page, 'all')).toEqual([]);
      await page.getByLabel('Workflow').fill('no such template');
      await page.getByText('No picture is like this.').waitFor();
      await open('studio');
      await page.getByText('a storm that breaks it').click();
      await page.getByText(/WORKFLOW_REFUSED/).waitFor();
      await open(`studio/picture/${taskId}`);
      await page.getByRole('heading', { name: 'a lighthouse in the rain' }).waitFor();
      await page.getByText('not yet', { exact: true }).waitFor();
      expect(await faultsOf(page, 'all')).toEqual([]);
      await open('studio/picture/00000000-0000-4000-8000-000000000000');
      await page.getByText('There is no such picture.').waitFor();
    });

    test('a project shows its segments as they are drawn, and what was decided', async () => {
      await open('studio/projects');
      await page.getByText('There is no project yet.').waitFor();
      const { project } = await change(
        ...(['createProject', 'ProjectInput', { name: 'Sea film', description: 'Ten seconds.' }] as const),
        '... on ProjectSuccess { project { projectId } }',
      );
      const { projectId } = project;
      const { segment } = await change(
        ...([
          'addSegment',
          'ProjectSegmentInput',
          { projectId, prompt: 'waves at night', durationSeconds: 2.5 },
        ] as const),
        '... on ProjectSegmentSuccess { segment { segmentId } }',
      );
      await change(
        ...([
          'addDecision',
          'ProjectDecisionInput',
          { projectId, decision: 'No music.', reason: 'It is a quiet sea.' },
        ] as const),
        '__typename',
      );
      await open('studio/projects');
      await page.getByRole('link', { name: 'Sea film' }).click();
      await page.getByText('planned', { exact: true }).waitFor();
      await page.getByText('No music.').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      await change(
        ...(['drawSegment', 'DrawSegmentInput', { segmentId: segment.segmentId }] as const),
        '... on CreateTaskSuccess { task { taskId } }',
      );
      await page.getByText('drawn', { exact: true }).waitFor();
      expect(await faultsOf(page, 'all')).toEqual([]);
      await open('studio/projects?deleted=yes');
      await page.getByText('No project was deleted.').waitFor();
    });

    test('an evaluation that ends is shown with what it found', async () => {
      const [turn] = await app.record('kitchen', [{ query: 'The oven is from Milan.' }]);
      await open('memory/evaluations');
      await page.getByText('Nobody has evaluated the search yet.').waitFor();
      await page.getByText('Live', { exact: true }).waitFor();
      const { data } = await app.graphql(
        `mutation ($set: GoldenSet!) { evaluateMemory(set: $set) { ... on CreateTaskSuccess { task { taskId } } } }`,
        { set: { questions: [{ question: 'Where is the oven from?', turnIds: [turn?.turnId] }] } },
      );
      await untilTask(app, data.evaluateMemory.task.taskId, 'COMPLETED');
      await page.getByText('Recall at 10').waitFor();
      await page.getByText('completed', { exact: true }).waitFor();
      expect(await faultsOf(page, 'all')).toEqual([]);
      await page.getByLabel('State').selectOption('FAILED');
      await page.getByText('No evaluation is like this.').waitFor();
    });
  },
);
