-- What every step begins with. KEYS are not named: one server, never a Redis Cluster. ARGV[1] is the call as JSON.
-- Every number is a whole one of at most 14 digits, which Lua and cjson write out in full.
--
-- Keys (all begin with `sfu:`):
--   era            hash    id, openFromMs: before that only `restore` is allowed; life: of the server (its run_id) that it began in
--   nodes          hash    incarnation -> count of its beats and of its peers' words; until it is buried
--   n:<inst>       hash    host, facts, load, heard, lastBeatMs; an hour after the last beat
--   host:<host>    string  the incarnation that was there last; a day after its last beat
--   dead:<inst>    string  when it was buried; a day, and as long as its endings are owed
--   orphans        set     buried ones whose endings may be owed
--   in:<inst>      stream  its inbox, some 10,000 entries; until it is buried
--   i:<inst>       set     <sid>\n<psid> of the endings it owes
--   e:<inst>       set     sids of the rooms it is a node of
--   name:<name>    string  sid of the open room of that name; `open` is a zset of these names in their order
--   r:<sid>        hash    the room
--   s:<sid>        set     its nodes
--   c:<sid>        hash    identity -> claim
--   pa:, ph:<sid>  hash    incarnation -> its claims in the room: all, those that hold it open
--   o:<sid>        hash    psid -> ending owed
--   k:<sid>        hash    identity -> what API and portal said of somebody
--   wi:<sid>       set     ids of events that are in, psids whose leaving was told; until a day after the end
--   x:<sid>        string  it is over; a day
--   idle           zset    sid -> when it ends if nobody comes
--   closing        set     sids of rooms that end with the last ending owed
--   v:[name,identity] string  tokens from before that second are refused; a day
--   wh:<name>      stream  events of the rooms of that name, in their order, until delivered
--   undelivered    zset    names with such events -> when somebody last set about delivering them
--   wl:<name>      string  who delivers
--   sp:[sid,a,b]   string  which of two nodes that do not hear each other gives the room up
local call = cjson.decode(ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local REMEMBERED_S = 86400
local MOST = 200

local function key(kind, of)
  return 'sfu:' .. kind .. ':' .. of
end
local ERA, NODES, IDLE, CLOSING, OPEN, WAITING, ORPHANS =
  'sfu:era', 'sfu:nodes', 'sfu:idle', 'sfu:closing', 'sfu:open', 'sfu:undelivered', 'sfu:orphans'

local function has(value)
  return value ~= nil and value ~= cjson.null
end

-- Started again from its disk, or taking over as a copy, a server may lack the last writes and cannot know it: the era of another life is none.
local era = redis.call('HMGET', ERA, 'id', 'openFromMs', 'life')
if era[3] == call.life then era = { id = era[1] or '', openFromMs = tonumber(era[2] or 0) }
else era = { id = '', openFromMs = 0 } end

local function answer(outcome, value)
  return cjson.encode({ outcome = outcome, value = value, atMs = now, era = era })
end

local function is_dead(inst)
  return redis.call('EXISTS', key('dead', inst)) == 1
end

-- Why nothing may be done for this caller, or nil. `any`, `same` (also while waiting) or `open`: the era it takes.
local function refusal(needed)
  if now > call.deadlineMs then return answer('late') end
  if is_dead(call.inst) then return answer('buried') end
  if needed == 'any' then return nil end
  if era.id == '' or call.era ~= era.id then return answer('new_era') end
  if needed == 'open' and now < era.openFromMs then return answer('waiting') end
  return nil
end

-- A record without an era gets one; one whose clock was set back is not kept shut for longer than new ones are.
local function ensure_era()
  local latest = now + call.windowMs
  if era.id == '' then era.id = call.newEra
  elseif era.openFromMs <= latest then return end
  era.openFromMs = latest
  redis.call('HSET', ERA, 'id', era.id, 'openFromMs', latest, 'life', call.life)
end

-- By bytes: Lua's own comparison follows the server's locale.
local function comes_first(a, b)
  for i = 1, math.min(#a, #b) do
    if string.byte(a, i) ~= string.byte(b, i) then return string.byte(a, i) < string.byte(b, i) end
  end
  return #a < #b
end

-- Inboxes -----------------------------------------------------------------------------------------------------------

-- Entries are numbered without gaps, so that the reader notices what was pushed out.
local function mail(inst, message)
  if is_dead(inst) then return end
  redis.call('XADD', key('in', inst), 'MAXLEN', '~', 10000, '0-*', 'm', cjson.encode(message))
end

local function mail_all(insts, message, except)
  for _, inst in ipairs(insts) do
    if inst ~= except then mail(inst, message) end
  end
end

-- Nodes -------------------------------------------------------------------------------------------------------------

local function bury_now(inst)
  redis.call('SET', key('dead', inst), now, 'EX', REMEMBERED_S)
  redis.call('HDEL', NODES, inst)
  redis.call('SADD', ORPHANS, inst)
  redis.call('DEL', key('in', inst), key('n', inst))
  mail_all(redis.call('HKEYS', NODES), { type = 'buried', inst = inst })
end

-- Rooms -------------------------------------------------------------------------------------------------------------

local NUMBERS = { 'maxParticipants', 'emptyTimeoutMs', 'departureTimeoutMs', 'createdMs', 'rev', 'epoch', 'counted', 'holding' }

-- The room's own fields, or nil.
local function room_of(sid)
  local flat = redis.call('HGETALL', key('r', sid))
  if #flat == 0 then return nil end
  local room = { sid = sid }
  for i = 1, #flat, 2 do room[flat[i]] = flat[i + 1] end
  for _, name in ipairs(NUMBERS) do room[name] = tonumber(room[name]) end
  room.isStartDelivered = room.isStartDelivered == '1'
  return room
end

local function room_named(name)
  local sid = redis.call('GET', key('name', name))
  return sid and room_of(sid)
end

-- None that is buried.
local function nodes_of(sid)
  local living = {}
  for _, inst in ipairs(redis.call('SMEMBERS', key('s', sid))) do
    if not is_dead(inst) then living[#living + 1] = inst end
  end
  return living
end

-- As it is answered.
local function record_of(room)
  room.nodes = nodes_of(room.sid)
  room.idleAtMs = tonumber(redis.call('ZSCORE', IDLE, room.sid) or nil) -- absent: somebody is there
  return room
end

local function add_node(sid, inst)
  if redis.call('SADD', key('s', sid), inst) == 0 then return end
  redis.call('SADD', key('e', inst), sid)
  mail_all(nodes_of(sid), { type = 'entered', roomSid = sid, inst = inst }, inst)
end

local function is_over(sid)
  return redis.call('EXISTS', key('x', sid)) == 1
end

-- Claims: c:<sid>, and the counts that follow from it --------------------------------------------------------------------

local function claim_of(sid, identity)
  local text = redis.call('HGET', key('c', sid), identity)
  return text and cjson.decode(text)
end

local function tally(kind, sid, inst, by)
  if redis.call('HINCRBY', key(kind, sid), inst, by) == 0 then redis.call('HDEL', key(kind, sid), inst) end
end

local function count_claim(room, claim, by)
  if not claim then return end
  tally('pa', room.sid, claim.inst, by)
  if claim.isCounted then room.counted = room.counted + by end
  if not claim.isForwarded then
    room.holding = room.holding + by
    tally('ph', room.sid, claim.inst, by)
  end
end

-- Puts a claim in the place of `old` (nil: nobody's), or takes it away (claim is nil). The last one that held the room open makes it idle.
local function set_claim(room, identity, old, claim)
  local was_held = room.holding > 0
  count_claim(room, old, -1)
  count_claim(room, claim, 1)
  redis.call('HSET', key('r', room.sid), 'counted', room.counted, 'holding', room.holding)
  if claim then redis.call('HSET', key('c', room.sid), identity, cjson.encode(claim))
  else redis.call('HDEL', key('c', room.sid), identity) end
  if room.holding > 0 or room.state == 'closing' then redis.call('ZREM', IDLE, room.sid)
  elseif was_held then redis.call('ZADD', IDLE, now + room.departureTimeoutMs, room.sid) end
end

-- Only if it still is this connection's.
local function drop_claim(room, identity, psid)
  local claim = claim_of(room.sid, identity)
  if claim and claim.psid == psid then set_claim(room, identity, claim, nil) end
end

local function raise_epoch(room, epoch)
  if epoch <= room.epoch then return end
  room.epoch = epoch
  redis.call('HSET', key('r', room.sid), 'epoch', epoch)
end

-- Endings owed: o:<sid> has psid → a line of JSON, then ParticipantInfo as it came; i:<inst> has who owes them ------------------

local function owed_of(sid, psid)
  local text = redis.call('HGET', key('o', sid), psid)
  if not text then return nil end
  local line = string.find(text, '\n', 1, true)
  local ending = cjson.decode(string.sub(text, 1, line - 1))
  ending.info = string.sub(text, line + 1)
  return ending
end

local function put_owed(ending)
  local info = ending.info
  ending.info = nil
  redis.call('HSET', key('o', ending.roomSid), ending.psid, cjson.encode(ending) .. '\n' .. info)
  ending.info = info
  redis.call('SADD', key('i', ending.inst), ending.roomSid .. '\n' .. ending.psid)
  if is_dead(ending.inst) then redis.call('SADD', ORPHANS, ending.inst) end
end

local function drop_owed(ending)
  redis.call('HDEL', key('o', ending.roomSid), ending.psid)
  redis.call('SREM', key('i', ending.inst), ending.roomSid .. '\n' .. ending.psid)
end

-- Up to `most` of those an incarnation owes. Members whose room is gone go with it here.
local function owed_by(inst, most)
  local endings = {}
  for _ = 1, 5 do -- each takes away what it does not answer
    local members = redis.call('SRANDMEMBER', key('i', inst), most)
    for _, member in ipairs(members) do
      local line = string.find(member, '\n', 1, true)
      local ending = owed_of(string.sub(member, 1, line - 1), string.sub(member, line + 1))
      if ending then endings[#endings + 1] = ending else redis.call('SREM', key('i', inst), member) end
    end
    if #members == 0 or #endings > 0 then break end
  end
  return endings
end

-- Events: wi:<sid> has the ids that are in, and the psids whose leaving was told -----------------------------------------------

local function is_told(sid, id)
  return redis.call('SISMEMBER', key('wi', sid), id) == 1
end

-- False: it was in already.
local function note_told(sid, id)
  local is_new = redis.call('SADD', key('wi', sid), id) == 1
  if is_new and redis.call('EXISTS', key('r', sid)) == 0 then redis.call('EXPIRE', key('wi', sid), REMEMBERED_S) end
  return is_new
end

local function put_event(sid, name, event, kind, reason)
  if not note_told(sid, event.id) then return false end
  local at = has(event.atMs) and event.atMs or now
  redis.call('XADD', key('wh', name), '*', 'id', event.id, 'kind', kind or 'other', 'roomSid', sid, 'body', event.body,
    'atMs', at, 'reason', reason or '', 'writer', call.inst)
  redis.call('ZADD', WAITING, 'NX', now, name)
  return true
end

local function put_started(room)
  local event = { id = room.sid .. ':room_started', body = room.body, atMs = room.createdMs }
  put_event(room.sid, room.name, event, 'room_started')
end

-- The beginning and the end of a room -----------------------------------------------------------------------------------

local function save_room(room)
  redis.call('HSET', key('r', room.sid), 'name', room.name, 'maxParticipants', room.maxParticipants,
    'emptyTimeoutMs', room.emptyTimeoutMs, 'departureTimeoutMs', room.departureTimeoutMs, 'body', room.body,
    'createdMs', room.createdMs, 'rev', room.rev, 'state', room.state, 'closeReason', room.closeReason,
    'epoch', room.epoch, 'counted', room.counted, 'holding', room.holding,
    'isStartDelivered', room.isStartDelivered and '1' or '0')
  redis.call('PERSIST', key('wi', room.sid))
end

local function name_room(room)
  redis.call('SET', key('name', room.name), room.sid)
  redis.call('ZADD', OPEN, 0, room.name)
end

-- Nil when the sid was used: a late repeat must not open a room again that is over; and when too many are open, which the second value says.
local function make_room(draft, name)
  if is_over(draft.sid) or redis.call('EXISTS', key('r', draft.sid)) == 1 then return nil end
  local is_bounded = has(call.mostRooms)
  if is_bounded and redis.call('ZCARD', OPEN) >= call.mostRooms * redis.call('HLEN', NODES) then return nil, 'too_many' end
  local room = { sid = draft.sid, name = name, maxParticipants = draft.maxParticipants,
    emptyTimeoutMs = draft.emptyTimeoutMs, departureTimeoutMs = draft.departureTimeoutMs, body = draft.body,
    createdMs = now, rev = 1, state = 'open', closeReason = '', epoch = 0, counted = 0, holding = 0, isStartDelivered = false }
  save_room(room)
  name_room(room)
  redis.call('ZADD', IDLE, now + room.emptyTimeoutMs, room.sid)
  put_started(room)
  return room
end

-- The name is free at once; who is inside is told by the nodes it has.
local function start_closing(room, reason)
  if room.state == 'closing' then return end
  room.state, room.closeReason = 'closing', reason
  redis.call('HSET', key('r', room.sid), 'state', 'closing', 'closeReason', reason)
  redis.call('ZREM', IDLE, room.sid)
  redis.call('SADD', CLOSING, room.sid)
  if redis.call('GET', key('name', room.name)) == room.sid then
    redis.call('DEL', key('name', room.name))
    redis.call('ZREM', OPEN, room.name)
  end
  mail_all(nodes_of(room.sid), { type = 'closed', roomSid = room.sid, reason = reason })
end

local function forget_room(sid)
  for _, inst in ipairs(redis.call('SMEMBERS', key('s', sid))) do redis.call('SREM', key('e', inst), sid) end
  redis.call('UNLINK', key('r', sid), key('s', sid), key('c', sid), key('o', sid), key('k', sid), key('pa', sid), key('ph', sid))
  redis.call('ZREM', IDLE, sid)
  redis.call('SREM', CLOSING, sid)
  redis.call('SET', key('x', sid), now, 'EX', REMEMBERED_S)
  redis.call('EXPIRE', key('wi', sid), REMEMBERED_S)
end

-- The end comes behind the last ending owed, and nothing of the room comes after it.
local function may_finish(room)
  if room.state ~= 'closing' or redis.call('HLEN', key('o', room.sid)) > 0 then return end
  local event = { id = room.sid .. ':room_finished', body = room.body }
  put_event(room.sid, room.name, event, 'room_finished', room.closeReason)
  forget_room(room.sid)
end

-- What API and portal said of somebody ------------------------------------------------------------------------------------

local function kept_of(sid, identity)
  local text = redis.call('HGET', key('k', sid), identity)
  return text and cjson.decode(text) or nil
end

local function put_kept(sid, identity, kept)
  local there = kept_of(sid, identity)
  if kept.rev > (there and there.rev or 0) then redis.call('HSET', key('k', sid), identity, cjson.encode(kept)) end
end

local function revocation_key(name, identity)
  return key('v', cjson.encode({ name, identity }))
end

-- Kept for longer than a token for a meeting is good for, and when the room ends: it may be opened anew by one of them.
local function put_revocation(name, identity, before_s)
  local there = tonumber(redis.call('GET', revocation_key(name, identity)) or 0)
  redis.call('SET', revocation_key(name, identity), math.max(before_s, there), 'EX', REMEMBERED_S)
end

-- The step itself ---------------------------------------------------------------------------------------------------------
