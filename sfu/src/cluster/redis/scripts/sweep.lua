do local refused = refusal('open') if refused then return refused end end
local closed, finished = {}, {}

local function finish(room)
  may_finish(room)
  if is_over(room.sid) then finished[#finished + 1] = room.sid end
end

for _, sid in ipairs(redis.call('ZRANGEBYSCORE', IDLE, '-inf', now, 'LIMIT', 0, MOST)) do
  local room = room_of(sid)
  if room then
    start_closing(room, 'idle')
    closed[#closed + 1] = sid
    finish(room)
  else redis.call('ZREM', IDLE, sid) end
end
-- Those that were restored: all others end with the last ending owed.
for _, sid in ipairs(redis.call('SRANDMEMBER', CLOSING, MOST - #closed)) do
  local room = room_of(sid)
  if room then finish(room) else redis.call('SREM', CLOSING, sid) end
end
-- Whoever buried them may have died before it inherited. They are known as buried as long as their endings are owed.
local orphans = {}
for _, inst in ipairs(redis.call('SRANDMEMBER', ORPHANS, 10)) do
  if #owed_by(inst, 20) > 0 or redis.call('EXISTS', key('i', inst)) == 1 then
    orphans[#orphans + 1] = inst
    redis.call('EXPIRE', key('dead', inst), REMEMBERED_S)
  else redis.call('SREM', ORPHANS, inst) end
end
return answer('done', { closed = closed, finished = finished, orphans = orphans })
