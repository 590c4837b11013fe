do local refused = refusal('open') if refused then return refused end end
local room = room_of(call.roomSid)
if room then
  start_closing(room, call.reason)
  may_finish(room)
end
return answer('done', { hasFinished = is_over(call.roomSid) })
