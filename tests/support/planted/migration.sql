create table wishes (
  id integer primary key generated always as identity,
  wish_id uuid not null,
  tenant_id text not null default 'default',
  user_id text not null,
  said text not null,
  due_at timestamptz(3),
  is_late boolean not null default false,
  made_at timestamptz(3) not null default now()
);
create unique index wishes_wish_id_key on wishes (wish_id);
create index wishes_owner_idx on wishes (user_id, tenant_id, id);
create trigger audit_wish_make after insert on wishes
  for each row execute function echo_audit_row('wish.make', 'wish_id', 'user_id');
