do local refused = refusal('open') if refused then return refused end end
local room, to = room_of(call.roomSid), call.to
if not room then return answer('done', { is = 'no_room' }) end
local fields = { 'maxParticipants', 'emptyTimeoutMs', 'departureTimeoutMs', 'body' }
if room.rev ~= call.ifRev then
  local is_ours = room.rev == call.ifRev + 1
  for _, field in ipairs(fields) do is_ours = is_ours and room[field] == to[field] end
  return answer('done', { is = is_ours and 'done' or 'stale', room = record_of(room) })
end
for _, field in ipairs(fields) do
  room[field] = to[field]
  redis.call('HSET', key('r', room.sid), field, to[field])
end
room.rev = room.rev + 1
redis.call('HSET', key('r', room.sid), 'rev', room.rev)
mail_all(nodes_of(room.sid), { type = 'changed', roomSid = room.sid, rev = room.rev }, call.inst)
return answer('done', { is = 'done', room = record_of(room) })
