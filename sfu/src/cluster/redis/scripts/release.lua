do local refused = refusal('open') if refused then return refused end end
local room = room_of(call.roomSid)
local claim = room and claim_of(call.roomSid, call.identity)
if not claim or claim.psid ~= call.psid or (has(call.epoch) and claim.epoch ~= call.epoch) then return answer('done', 'not_held') end
set_claim(room, call.identity, claim, nil)
return answer('done', 'released')
