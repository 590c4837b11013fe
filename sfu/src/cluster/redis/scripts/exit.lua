do local refused = refusal('open') if refused then return refused end end
local sid, inst = call.roomSid, call.inst
if not room_of(sid) then return answer('done', 'no_room') end
if redis.call('HEXISTS', key('pa', sid), inst) == 1 then return answer('done', 'held') end
redis.call('SREM', key('e', inst), sid)
if redis.call('SREM', key('s', sid), inst) == 1 then
  mail_all(nodes_of(sid), { type = 'exited', roomSid = sid, inst = inst })
end
return answer('done', 'done')
