import { builder } from '../../graphql/builder.ts';
import { CreateTaskResult } from '../tasks/changes-graphql.ts';
import { requestIndexing } from './requests.ts';

builder.mutationField('indexMedia', (t) =>
  t.field({
    type: CreateTaskResult,
    description:
      'Looks through a file or a folder for pictures and videos, in the background, and keeps what is found in them; of files that are as they were nothing is read. Only for admins, and only below the folders of MEDIA_ROOTS (NOT_CONFIGURED without). While a task for the same path waits or runs, that one is the answer. Its progress is told as it goes; its result says what became of each file.',
    authScopes: { permission: 'ADMIN' },
    args: {
      path: t.arg.string({
        required: true,
        description:
          'Absolute path on the server’s machine. Links in it are resolved, and must not lead out; links below it are not followed.',
      }),
      userId: t.arg.string({
        description: 'Whose the media are; absent: the caller’s. They alone see what is found.',
      }),
    },
    resolve: async (_root, { path, userId }, { services, principal }) => ({
      task: await requestIndexing(services, principal, { path, userId }),
    }),
  }),
);
