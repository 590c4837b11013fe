do local refused = refusal('open') if refused then return refused end end
if not is_dead(call.dead) then return answer('done', 'not_buried') end
local endings = owed_by(call.dead, MOST)
for _, ending in ipairs(endings) do
  local room = room_of(ending.roomSid)
  if room then drop_claim(room, ending.identity, ending.psid) end
end
for _, sid in ipairs(redis.call('SPOP', key('e', call.dead), MOST)) do
  redis.call('SREM', key('s', sid), call.dead)
end
return answer('done', endings)
